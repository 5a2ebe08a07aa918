const readline = require('readline')
const Libpq = require('libpq')
const { version } = require('libpq/package.json')

function use(pq) {
  pq.exec('select 42')
  return pq.getvalue(0, 0) || pq.errorMessage().split('\n')[0]
}

async function main() {
  const lines = readline.createInterface({ input: process.stdin })[Symbol.asyncIterator]()
  const [idle, transaction, closed] = [1, 2, 3].map(() => {
    const pq = new Libpq()
    pq.connectSync('')
    return pq
  })
  transaction.exec('begin')
  closed.finish()
  console.log('open', version)

  const tag = (await lines.next()).value
  if (tag) process.env.PQSWEEP_TAG = tag
  console.log('changed')

  await lines.next()
  console.log('idle:', use(idle))
  console.log('transaction:', use(transaction))
  idle.finish()
  transaction.finish()
}

main()
