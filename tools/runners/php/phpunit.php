<?php
// PHPUnit's adapter: the tag is the class. What setUpBeforeClass opens lives until tearDownAfterClass has run, and what tests
// left open is swept before that runs.

namespace Pqsweep;

use PHPUnit\Framework\Test;
use PHPUnit\Framework\TestCase;
use PHPUnit\Framework\TestListener;
use PHPUnit\Framework\TestListenerDefaultImplementation;
use PHPUnit\Framework\TestResult;
use PHPUnit\Framework\TestSuite;
use PHPUnit\Runner\AfterLastTestHook;
use PHPUnit\Runner\BeforeFirstTestHook;
use PHPUnit\Runner\BeforeTestHook;
use PHPUnit\TextUI\TestRunner;

final class PhpUnit implements BeforeFirstTestHook, BeforeTestHook, AfterLastTestHook, TestListener
{
    use TestListenerDefaultImplementation;

    private $result; // to which this is added as a listener
    private $class; // the suite of the class that runs
    private $remaining = 0; // tests of that class

    // An extension has no sight of suites, a listener has. Until the first test brings the result, the suites stand in.
    public function executeBeforeFirstTest(): void
    {
        foreach (debug_backtrace() as $frame) {
            if (($frame['object'] ?? null) instanceof TestRunner && ($frame['args'][0] ?? null) instanceof TestSuite) {
                $this->startFirstClass($frame['args'][0]);
                return;
            }
        }
    }

    public function executeBeforeTest(string $test): void
    {
        if ($this->result) {
            return;
        }
        foreach (debug_backtrace() as $frame) {
            if (($frame['object'] ?? null) instanceof TestResult) {
                $this->result = $frame['object'];
                $this->result->addListener($this);
                $this->startTest($frame['args'][0]);
                return;
            }
        }
    }

    public function executeAfterLastTest(): void
    {
        self::endTests();
    }

    public function startTestSuite(TestSuite $suite): void
    {
        if (!self::isClass($suite)) {
            return;
        }
        $this->class = $suite;
        $this->remaining = count($suite);
        self::say('PQSWEEP_TEST', $suite->getName() . '::setUpBeforeClass');
        self::say('PQSWEEP_FIXTURE', self::fixtureOf($suite));
    }

    public function startTest(Test $test): void
    {
        self::say('PQSWEEP_FIXTURE', '');
        if ($test instanceof TestCase) {
            self::say('PQSWEEP_TEST', get_class($test) . '::' . str_replace("\0", '(null)', $test->getName()));
        }
    }

    public function endTest(Test $test, float $time): void
    {
        if (--$this->remaining === 0 || $this->result->shouldStop()) {
            self::endTests();
        }
    }

    public function endTestSuite(TestSuite $suite): void
    {
        if ($suite === $this->class) {
            self::say('PQSWEEP_FIXTURE', '');
            putenv('PQSWEEP_FIXTURE_END=' . self::fixtureOf($suite));
            putenv('PQSWEEP_FIXTURE_END');
        }
    }

    private function startFirstClass(TestSuite $suite): bool
    {
        if (self::isClass($suite)) {
            $this->startTestSuite($suite);
            return true;
        }
        foreach ($suite as $child) {
            if ($child instanceof TestSuite && count($child) > 0 && $this->startFirstClass($child)) {
                return true;
            }
        }
        return false;
    }

    private static function isClass(TestSuite $suite): bool
    {
        return class_exists($suite->getName(), false) && is_subclass_of($suite->getName(), TestCase::class);
    }

    private static function fixtureOf(TestSuite $suite): string
    {
        return 'fixture setUpBeforeClass of ' . $suite->getName();
    }

    private static function endTests(): void
    {
        self::say('PQSWEEP_TEST', '');
    }

    private static function say(string $variable, string $value): void
    {
        if (getenv($variable) !== $value) {
            putenv("$variable=$value");
        }
    }
}
