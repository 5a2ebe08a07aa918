# ruby-pg under EventMachine: the reactor watches libpq's descriptor.
require 'eventmachine'
require 'pg'

$stdout.sync = true
ENV['PQSWEEP_TAG'] = 'one'
LISTENER = PG.connect(host: ENV['PGHOST'])
LISTENER.exec('listen news')

module Consumer
  def notify_readable
    LISTENER.consume_input
    while (notification = LISTENER.notifies)
      puts "heard #{notification[:extra]}"
    end
  rescue PG::Error => e
    puts "#{e.class} #{e.message.lines.first}"
    detach
    EM.stop
  end
end

module Input
  include EM::Protocols::LineText2

  def receive_line(_line) = ENV['PQSWEEP_TAG'] = 'two'
end

EM.run do
  EM.watch(LISTENER.socket, Consumer) { |consumer| consumer.notify_readable = true }
  EM.open_keyboard(Input)
  puts 'listening'
end
