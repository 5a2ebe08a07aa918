# ruby-pg: one connection for all modules, its IO object cached.
require 'pg'

$number = 0
def change_tag = ENV['PQSWEEP_TAG'] = ($number += 1).to_s

change_tag
connection = PG.connect(host: ENV['PGHOST'])
io = connection.socket_io
connection.prepare('plus', 'select $1::int + 1')
connection.set_notice_processor { |text| puts text }
10.times do |i|
  change_tag
  puts connection.exec_prepared('plus', [i]).getvalue(0, 0)
  change_tag
  connection.exec("do $$ begin raise notice 'heard'; end $$") if i == 5
  change_tag
  puts connection.exec('select 1').values.inspect, connection.socket_io.equal?(io), io.closed?
end
change_tag
connection.transaction { |t| puts t.exec('select 2').values.inspect }
change_tag
connection.send_query('select 3')
puts connection.get_last_result.values.inspect
change_tag
connection.copy_data('copy (select 4) to stdout') do
  while (row = connection.get_copy_data)
    puts row
  end
end
change_tag
connection.internal_encoding = 'UTF-8'
puts connection.exec("select 'é'").values.inspect
connection.finish
