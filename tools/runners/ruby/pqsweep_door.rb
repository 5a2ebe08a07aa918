# Ruby's door. Ruby runs this file before each program, by RUBYOPT. It brings minitest's adapter when the program has loaded
# the class of minitest's tests, by which minitest itself is complete.
require_relative 'pqsweep_end'

if RUBY_ENGINE == 'ruby'
  TracePoint.new(:end) do |point|
    next unless defined?(::Minitest::Test) && ::Minitest::Test.equal?(point.self)

    point.disable
    begin
      require_relative 'pqsweep_minitest'
    rescue NameError # another version of minitest: the run goes on as without an adapter
    end
  end.enable
end
