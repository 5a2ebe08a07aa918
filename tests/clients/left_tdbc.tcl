set version [package require tdbc::postgres]

proc use {connection} {
    try {
        return [lindex [$connection allrows -as lists {select 42}] 0]
    } on error {message options} {
        return "[lindex [dict get $options -errorcode] 2] [lindex [split $message \n] 0]"
    }
}

fconfigure stdout -buffering line
foreach name {idle transaction closed} {tdbc::postgres::connection create $name}
transaction begintransaction
closed close
puts "open $version"

set tag [gets stdin]
if {$tag ne ""} {set env(PQSWEEP_TAG) $tag}
# Tcl writes environ itself: that is noticed at the next libpq call.
[tdbc::postgres::connection new] close
puts changed

gets stdin
puts "idle: [use idle]"
puts "transaction: [use transaction]"
