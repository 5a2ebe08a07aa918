library(DBI)

use <- function(connection) {
  answer <- suppressWarnings(dbGetQuery(connection, "select 42"))
  if (is.null(answer)) strsplit(dbGetException(connection)$errorMsg, "\n")[[1]][1] else answer[[1]]
}

lines <- file("stdin", "r")
connections <- replicate(3, dbConnect(RPostgreSQL::PostgreSQL()))
idle <- connections[[1]]
transaction <- connections[[2]]
invisible(dbBegin(transaction))
invisible(dbDisconnect(connections[[3]]))
writeLines(paste("open", packageVersion("RPostgreSQL")))

tag <- readLines(lines, 1)
if (isTRUE(nzchar(tag))) Sys.setenv(PQSWEEP_TAG = tag)
writeLines("changed")

invisible(readLines(lines, 1))
writeLines(paste("idle:", use(idle)))
writeLines(paste("transaction:", use(transaction)))
