# minitest's adapter, loaded as a plugin of its. The tag is the class; tests that run in parallel threads have one tag.
require 'pqsweep_adapter'

module PqsweepAdapter
  module Minitest
    def run_one_method(klass, method_name)
      is_parallel = klass.respond_to?(:test_order) && klass.test_order == :parallel
      PqsweepAdapter.begin_test(is_parallel ? 'parallel tests' : "#{klass.name.gsub('::', '.')}::#{method_name}")
      super
    end

    def __run(*)
      super
    ensure
      PqsweepAdapter.end_tests
    end
  end

  ::Minitest.singleton_class.prepend(Minitest)
end
