<?php
function use_it($connection)
{
    $result = @pg_query($connection, 'select 42');
    return $result ? pg_fetch_result($result, 0, 0) : strtok(pg_last_error($connection), "\n");
}

[$idle, $transaction, $closed] = array_map(fn () => pg_connect('', PGSQL_CONNECT_FORCE_NEW), range(1, 3));
pg_query($transaction, 'begin');
pg_close($closed);
echo 'open ', PHP_VERSION, "\n";

if ($tag = trim(fgets(STDIN))) {
    putenv("PQSWEEP_TAG=$tag");
}
echo "changed\n";

fgets(STDIN);
echo 'idle: ', use_it($idle), "\n";
echo 'transaction: ', use_it($transaction), "\n";
