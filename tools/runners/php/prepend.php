<?php
// PHPUnit's door. PHP runs this file before each program, and the user's own auto_prepend_file after it. If the program
// loads PHPUnit, the adapter becomes an extension of its runner, or listens to its events.

namespace Pqsweep;

function attach($class)
{
    // PHPUnit 10 and later: its events exist by then, and are not sealed yet.
    if ($class === 'PHPUnit\TextUI\CliArguments\Builder' && class_exists('PHPUnit\Event\Facade', false)) {
        spl_autoload_unregister('Pqsweep\attach');
        try {
            require __DIR__ . '/phpunit10.php';
        } catch (\Throwable $unknown) { // another version: the run goes on as without an adapter
        }
        return;
    }
    $runner = 'PHPUnit\TextUI\TestRunner';
    if (!class_exists($runner, false)) {
        return;
    }
    if (!method_exists($runner, 'addExtension')) {
        return;
    }
    foreach (debug_backtrace(DEBUG_BACKTRACE_PROVIDE_OBJECT | DEBUG_BACKTRACE_IGNORE_ARGS) as $frame) {
        if (isset($frame['object']) && $frame['object'] instanceof $runner) {
            spl_autoload_unregister('Pqsweep\attach');
            require __DIR__ . '/phpunit.php';
            $frame['object']->addExtension(new PhpUnit);
            return;
        }
    }
}

// PHP is about to destroy all objects that are left, once the program's own functions have run.
register_shutdown_function(function () {
    register_shutdown_function('putenv', 'PQSWEEP_END=1');
});

// The runner is on the stack when it loads the first class that it needs.
spl_autoload_register('Pqsweep\attach', true, true);

if (!in_array(get_cfg_var('pqsweep.prepend'), [false, '', 'none', __FILE__], true)) {
    require get_cfg_var('pqsweep.prepend');
}
