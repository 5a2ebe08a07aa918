# RSpec's adapter. The hooks of a context, and those of the suite, are fixtures; the tag is the file of the outermost group.
# The hooks of a file that is loaded early run late, so RSpec's own methods are wrapped.
require_relative 'pqsweep_adapter'

module PqsweepAdapter
  module RSpecExample
    def run(*)
      PqsweepAdapter.begin_test("#{PqsweepAdapter.file_of(example_group)}::#{full_description}")
      super
    end
  end

  module RSpecGroup
    def run_before_context_hooks(*)
      return super if singleton_class?

      PqsweepAdapter.begin_test("#{PqsweepAdapter.file_of(self)}::#{description}")
      PqsweepAdapter.set_up(PqsweepAdapter.fixture_of(self)) { super }
    end

    def run_after_context_hooks(*)
      super
    ensure
      PqsweepAdapter.end_fixture(PqsweepAdapter.fixture_of(self)) unless singleton_class?
    end
  end

  module RSpecAfterContextHook
    def run(*)
      PqsweepAdapter.end_tests
      super
    end
  end

  module RSpecSuite
    SUITE = 'fixture before(:suite)'

    def run_suite_hooks(description, *)
      return PqsweepAdapter.set_up(SUITE) { super } if description.include?('before')

      PqsweepAdapter.end_tests
      begin
        super
      ensure
        PqsweepAdapter.end_fixture(SUITE)
      end
    end
  end

  def self.file_of(group)
    group.parent_groups.last.file_path
  end

  def self.fixture_of(group)
    "fixture before(:context) at #{group.location}"
  end

  begin
    RSpec::Core::Hooks::AfterContextHook.prepend(RSpecAfterContextHook)
    RSpec::Core::Configuration.prepend(RSpecSuite)
    RSpec::Core::ExampleGroup.singleton_class.prepend(RSpecGroup)
    RSpec::Core::Example.prepend(RSpecExample)
  rescue NameError # another version of RSpec: the run goes on as without an adapter
  end
end
