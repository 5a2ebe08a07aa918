@test "orders: the summary shows the file" {
    PQSWEEP_REPORT=always run psql -c 'select 1'
    [[ $output == *orders.bats* ]]
}
