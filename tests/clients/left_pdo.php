<?php
function use_it($pdo)
{
    try {
        return $pdo->query('select 42')->fetchColumn();
    } catch (PDOException $e) {
        return get_class($e) . ' ' . strtok($e->getMessage(), "\n");
    }
}

[$idle, $transaction, $closed] = array_map(fn () => new PDO('pgsql:'), range(1, 3));
$transaction->beginTransaction();
use_it($transaction);
$closed = null;
echo 'open ', PHP_VERSION, "\n";

if ($tag = trim(fgets(STDIN))) {
    putenv("PQSWEEP_TAG=$tag");
}
echo "changed\n";

fgets(STDIN);
echo 'idle: ', use_it($idle), "\n";
echo 'transaction: ', use_it($transaction), "\n";
