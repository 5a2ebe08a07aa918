# ruby-pg: its query methods are asynchronous inside, with a cached IO object on libpq's descriptor.
require 'pg'

$stdout.sync = true
ENV['PQSWEEP_TAG'] = 'one'
connections = %w[idle transaction running].to_h { |name| [name, PG.connect(host: ENV['PGHOST'])] }
connections['transaction'].exec('begin')

describe = lambda do |&work|
  work.call
  'no error'
rescue PG::Error => e
  "#{e.class} #{e.message.lines.first.partition(': pqsweep').first}"
end
running = Thread.new { describe.call { connections['running'].exec('select pg_sleep(60)') } }
puts 'three are open'

$stdin.gets
ENV['PQSWEEP_TAG'] = 'two'
puts 'changed'

$stdin.each_line(chomp: true) do |name|
  puts name == 'running' ? running.value : describe.call { connections[name].exec('select 1') }
end
