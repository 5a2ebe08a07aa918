let use (connection : Postgresql.connection) =
  try (connection#exec ~expect:[ Postgresql.Tuples_ok ] "select 42")#getvalue 0 0
  with Postgresql.Error error -> List.hd (String.split_on_char '\n' (Postgresql.string_of_error error))

let read_line () = try input_line stdin with End_of_file -> ""

let () =
  let connect () = new Postgresql.connection ~conninfo:"" () in
  let idle = connect () and transaction = connect () and closed = connect () in
  ignore (transaction#exec "begin");
  closed#finish;
  Printf.printf "open %s\n%!" Sys.ocaml_version;

  let tag = read_line () in
  if tag <> "" then Unix.putenv "PQSWEEP_TAG" tag;
  print_endline "changed";

  ignore (read_line ());
  Printf.printf "idle: %s\n" (use idle);
  Printf.printf "transaction: %s\n" (use transaction)
