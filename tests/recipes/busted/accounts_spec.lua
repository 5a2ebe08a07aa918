local driver = require("luasql.postgres").postgres()

describe("accounts", function()
  it("start alone", function()
    -- Never closed, and never collected.
    open = open or {}
    open[#open + 1] = assert(driver:connect(""))
    assert.equal("t", (open[#open]:execute("select alone()"):fetch()))
  end)
end)
