# ruby-pg: a consumer in wait_for_notify, its connection made step by step.
require 'pg'

$stdout.sync = true
ENV['PQSWEEP_TAG'] = 'one'
listener = PG::Connection.connect_start(host: ENV['PGHOST'])
until (step = listener.connect_poll) == PG::PGRES_POLLING_OK
  raise listener.error_message if step == PG::PGRES_POLLING_FAILED
  io = listener.socket_io
  step == PG::PGRES_POLLING_READING ? io.wait_readable : io.wait_writable
end
listener.exec('listen news')
consumer = Thread.new do
  loop { listener.wait_for_notify { |_, _, payload| puts "heard #{payload}" } }
rescue PG::Error => e
  puts "#{e.class} #{e.message.lines.first}"
end
puts 'listening'
$stdin.gets
ENV['PQSWEEP_TAG'] = 'two'
consumer.join
