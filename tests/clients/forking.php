<?php // PHP and pcntl_fork: a child with a connection of its own, then one that uses its parent's.

putenv('PQSWEEP_TAG=parent');
$parents = pg_connect('');

function ask($connection, $sql) {
    $result = @pg_query($connection, $sql);
    return $result ? pg_fetch_result($result, 0, 0) : explode(': pqsweep', pg_last_error($connection))[0];
}

function in_child($work) {
    $child = pcntl_fork();
    if ($child == 0) {
        $work();
        posix_kill(getmypid(), SIGKILL); // PHP's exit would finish its parent's connection
    }
    pcntl_waitpid($child, $status);
}

in_child(function () {
    $own = pg_connect('', PGSQL_CONNECT_FORCE_NEW);
    echo ask($own, "select 'child: its own'"), "\n";
    putenv('PQSWEEP_TAG=child');
    echo 'child: ', ask($own, "select 'not swept'"), "\n";
});
in_child(function () use ($parents) { echo ask($parents, "select 'child: its parent''s'"), "\n"; });
echo ask($parents, "select 'parent: its own'"), "\n";
if (pcntl_fork() == 0)
    exit; // finishes it
pcntl_wait($status);
