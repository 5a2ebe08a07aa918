require 'pg'

RSpec.configure do |config|
  config.before(:context) { ENV['PQSWEEP_TAG'] = self.class.file_path }
end

# Connects, never closes, and tells whether the server serves nobody else of the program's.
def alone?
  ($open ||= []).push(PG.connect(host: ENV['PGHOST'])).last.exec('select alone()').getvalue(0, 0) == 't'
end
