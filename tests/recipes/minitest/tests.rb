require 'minitest/autorun'
require 'pg'

class Minitest::Test
  def before_setup = (ENV['PQSWEEP_TAG'] = self.class.name; super)
end

# Connects, never closes, and tells whether the server serves nobody else of the program's.
def alone?
  ($open ||= []).push(PG.connect(host: ENV['PGHOST'])).last.exec('select alone()').getvalue(0, 0) == 't'
end

class Accounts < Minitest::Test
  def test_start_alone = assert(alone?)
end

class Orders < Minitest::Test
  def test_start_alone = assert(alone?)
end
