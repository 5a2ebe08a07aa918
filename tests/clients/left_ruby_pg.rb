require 'pg'

def use(connection)
  connection.exec('select 42').getvalue(0, 0)
rescue PG::Error => e
  "#{e.class} #{e.message.lines.first}"
end

$stdout.sync = true
idle, transaction, closed = Array.new(3) { PG.connect }
transaction.exec('begin')
closed.close
puts "open #{PG::VERSION}"

tag = $stdin.gets.to_s.chomp
ENV['PQSWEEP_TAG'] = tag unless tag.empty?
puts 'changed'

$stdin.gets
puts "idle: #{use(idle)}"
puts "transaction: #{use(transaction)}"
