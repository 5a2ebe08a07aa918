local luasql = require 'luasql.postgres'
local posix = require 'posix'

local function use(connection)
  local cursor, message = connection:execute('select 42')
  return cursor and cursor:fetch() or message:match('[^\n]*')
end

io.stdout:setvbuf('line')
local postgres = luasql.postgres()
local idle, transaction, closed = postgres:connect(''), postgres:connect(''), postgres:connect('')
transaction:setautocommit(false)
closed:close()
print('open ' .. luasql._VERSION:match('[%d.]+'))

local tag = io.read() or ''
if tag ~= '' then posix.setenv('PQSWEEP_TAG', tag) end
print('changed')

io.read()
print('idle: ' .. use(idle))
print('transaction: ' .. use(transaction))
