local setenv = require("posix.stdlib").setenv
require("busted").subscribe({ "file", "start" }, function(file)
  setenv("PQSWEEP_TAG", file.name)
  return nil, true
end)
