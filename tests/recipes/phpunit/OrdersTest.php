<?php

require_once 'DatabaseTestCase.php';

final class OrdersTest extends DatabaseTestCase {
    public function testStartAlone(): void { $this->assertTrue(alone()); }
}
