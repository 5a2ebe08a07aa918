require 'active_record'

def use(connection)
  connection.select_value('select 42')
rescue ActiveRecord::StatementInvalid => e
  "#{e.class} #{e.message.lines.first}"
end

$stdout.sync = true
pool = ActiveRecord::Base.establish_connection(adapter: 'postgresql')
idle, transaction, closed = Array.new(3) { pool.checkout }
pool.checkin(idle)
transaction.begin_transaction
use(transaction)
pool.remove(closed)
closed.disconnect!
puts "open #{ActiveRecord.version}"

tag = $stdin.gets.to_s.chomp
ENV['PQSWEEP_TAG'] = tag unless tag.empty?
puts 'changed'

$stdin.gets
puts "idle: #{use(pool.checkout)}"
puts "transaction: #{use(transaction)}"
