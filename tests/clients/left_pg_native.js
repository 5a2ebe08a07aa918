const readline = require('readline')
const { Pool } = require('pg').native
const { version } = require('pg/package.json')

async function use(client) {
  try {
    return (await client.query('select 42 as answer')).rows[0].answer
  } catch (error) {
    return `${error.name} ${error.message.split('\n')[0]}`
  }
}

async function main() {
  const lines = readline.createInterface({ input: process.stdin })[Symbol.asyncIterator]()
  const pool = new Pool({ ssl: { sslmode: process.env.PGSSLMODE } }) // by itself pg would make it "true"
  pool.on('error', () => {})
  // The one that the pool replaces has the lowest number: node's libpq crashes, also without pqsweep, where a new socket
  // gets the number of one that was lost and that nobody has ended yet.
  const idle = await pool.connect(), transaction = await pool.connect(), closed = await pool.connect()
  transaction.on('error', () => {})
  await transaction.query('begin')
  idle.release()
  closed.release(true)
  console.log('open', version)

  const tag = (await lines.next()).value
  if (tag) process.env.PQSWEEP_TAG = tag
  console.log('changed')

  await lines.next()
  console.log('idle:', await use(pool))
  console.log('transaction:', await use(transaction))
  transaction.release(true)
  await pool.end()
}

main()
