# ruby-pg and fork: a child with a connection of its own, then one that uses its parent's.
require 'pg'

$stdout.sync = true
ENV['PQSWEEP_TAG'] = 'parent'
parents = PG.connect(host: ENV['PGHOST'])

ask = lambda do |connection, sql|
  connection.exec(sql).getvalue(0, 0)
rescue PG::Error => e
  e.message.lines.first.partition(': pqsweep').first
end
in_child = lambda do |&work|
  Process.wait(fork { work.call; exit! })
end

in_child.call do
  own = PG.connect(host: ENV['PGHOST'])
  puts ask.call(own, "select 'child: its own'")
  ENV['PQSWEEP_TAG'] = 'child'
  puts "child: #{ask.call(own, "select 'not swept'")}"
end
in_child.call { puts ask.call(parents, "select 'child: its parent''s'") }
puts ask.call(parents, "select 'parent: its own'")
