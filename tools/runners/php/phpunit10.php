<?php
// The adapter of PHPUnit 10 and later, by its events: the tag is the class. What setUpBeforeClass opens lives until
// tearDownAfterClass has run, and what tests left open is swept before that runs.

namespace Pqsweep;

use PHPUnit\Event\Code\TestMethod;
use PHPUnit\Event\Facade;
use PHPUnit\Event\Test;
use PHPUnit\Event\TestRunner;
use PHPUnit\Event\TestSuite;

final class Lifetimes
{
    private string $class = ''; // the one that runs
    private int $remaining = 0; // its tests

    public function begin(TestSuite\TestSuite $suite): void
    {
        if (!$suite->isForTestClass()) {
            return;
        }
        $this->class = $suite->name();
        $this->remaining = $suite->count();
        self::say('PQSWEEP_TEST', $this->class . '::setUpBeforeClass');
        self::say('PQSWEEP_FIXTURE', self::fixtureOf($this->class));
    }

    public function beginTest(object $test): void
    {
        self::say('PQSWEEP_FIXTURE', '');
        if ($test instanceof TestMethod) {
            self::say('PQSWEEP_TEST', str_replace("\0", '(null)', $test->nameWithClass()));
        }
    }

    public function endTest(): void
    {
        if (--$this->remaining === 0) {
            self::endTests();
        }
    }

    public function end(TestSuite\TestSuite $suite): void
    {
        if ($suite->isForTestClass() && $suite->name() === $this->class) {
            self::say('PQSWEEP_FIXTURE', '');
            putenv('PQSWEEP_FIXTURE_END=' . self::fixtureOf($this->class));
            putenv('PQSWEEP_FIXTURE_END');
        }
    }

    public static function endTests(): void
    {
        self::say('PQSWEEP_TEST', '');
    }

    private static function fixtureOf(string $class): string
    {
        return 'fixture setUpBeforeClass of ' . $class;
    }

    private static function say(string $variable, string $value): void
    {
        if (getenv($variable) !== $value) {
            putenv("$variable=$value");
        }
    }
}

$lifetimes = new Lifetimes;
Facade::instance()->registerSubscribers(
    new class($lifetimes) implements TestSuite\StartedSubscriber {
        public function __construct(private Lifetimes $lifetimes) {}
        public function notify(TestSuite\Started $event): void { $this->lifetimes->begin($event->testSuite()); }
    },
    new class($lifetimes) implements Test\PreparationStartedSubscriber {
        public function __construct(private Lifetimes $lifetimes) {}
        public function notify(Test\PreparationStarted $event): void { $this->lifetimes->beginTest($event->test()); }
    },
    new class($lifetimes) implements Test\FinishedSubscriber {
        public function __construct(private Lifetimes $lifetimes) {}
        public function notify(Test\Finished $event): void { $this->lifetimes->endTest(); }
    },
    new class($lifetimes) implements TestSuite\FinishedSubscriber {
        public function __construct(private Lifetimes $lifetimes) {}
        public function notify(TestSuite\Finished $event): void { $this->lifetimes->end($event->testSuite()); }
    },
    new class implements TestRunner\ExecutionFinishedSubscriber {
        public function notify(TestRunner\ExecutionFinished $event): void { Lifetimes::endTests(); }
    },
);
