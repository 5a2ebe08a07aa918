<?php

require_once 'DatabaseTestCase.php';

final class AccountsTest extends DatabaseTestCase {
    public function testStartAlone(): void { $this->assertTrue(alone()); }
}
