# What the adapters of Ruby's runners have in common: they report to pqsweep, through the environment, which test is running
# and which fixture is set up.
require_relative 'pqsweep_end' # if the door is shut

module PqsweepAdapter
  @fixtures = [''] # those that are being set up, the innermost last

  class << self
    def begin_test(id)
      say('PQSWEEP_TEST', id)
    end

    # Has all swept that tests have left open.
    def end_tests
      say('PQSWEEP_TEST', '')
    end

    def set_up(fixture)
      @fixtures.push(fixture)
      say('PQSWEEP_FIXTURE', fixture)
      yield
    ensure
      @fixtures.pop
      say('PQSWEEP_FIXTURE', @fixtures.last)
    end

    def end_fixture(fixture)
      ENV['PQSWEEP_FIXTURE_END'] = fixture
      ENV.delete('PQSWEEP_FIXTURE_END')
      say('PQSWEEP_FIXTURE', @fixtures.last) # its hooks can have restored the environment that its set-up met
    end

    private

    # The environment holds no NUL, and no text of an encoding that has some.
    def say(variable, value)
      bytes = value.b
      bytes.gsub!("\0", '(null)') if bytes.include?("\0")
      ENV[variable] = bytes unless ENV[variable]&.b == bytes
    end
  end
end
