# minitest's adapter. The tag is the class; tests that run in parallel threads have one tag.
require_relative 'pqsweep_adapter'

module PqsweepAdapter
  module MinitestTest
    def run(*)
      thread = Thread.current
      return super if thread.thread_variable_get(:pqsweep) # a test inside a test is a part of it

      thread.thread_variable_set(:pqsweep, true)
      begin
        parallel = thread != Thread.main
        PqsweepAdapter.begin_test(parallel ? 'parallel tests' : "#{self.class.to_s.gsub('::', '.')}::#{name}")
        super
      ensure
        thread.thread_variable_set(:pqsweep, nil)
      end
    end
  end

  module MinitestRun
    def run(*)
      super
    ensure
      PqsweepAdapter.end_tests unless Thread.current.thread_variable_get(:pqsweep)
    end
  end

  Minitest::Test.instance_method(:run) # raises if it is missing
  Minitest.singleton_class.prepend(MinitestRun)
  Minitest::Test.prepend(MinitestTest)
end
