set version [package require Pgtcl]

proc use {connection} {
    set result [pg_exec $connection {select 42}]
    if {[pg_result $result -status] eq "PGRES_TUPLES_OK"} {
        return [pg_result $result -getTuple 0]
    }
    return "[pg_result $result -error sqlstate] [lindex [split [pg_result $result -error] \n] 0]"
}

fconfigure stdout -buffering line
lassign [lmap _ {1 2 3} {pg_connect -conninfo {}}] idle transaction closed
pg_exec $transaction begin
pg_disconnect $closed
puts "open $version"

set tag [gets stdin]
if {$tag ne ""} {set env(PQSWEEP_TAG) $tag}
# Tcl writes environ itself: that is noticed at the next libpq call.
pg_disconnect [pg_connect -conninfo {}]
puts changed

gets stdin
puts "idle: [use $idle]"
puts "transaction: [use $transaction]"
