<?php

abstract class DatabaseTestCase extends PHPUnit\Framework\TestCase {
    public static function setUpBeforeClass(): void { putenv('PQSWEEP_TAG=' . static::class); }
}

// Connects, never closes, and tells whether the server serves nobody else of the program's.
function alone(): bool {
    static $open = [];
    $open[] = $connection = pg_connect('', PGSQL_CONNECT_FORCE_NEW);
    return pg_fetch_result(pg_query($connection, 'select alone()'), 0, 0) === 't';
}
