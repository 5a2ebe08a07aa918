# Ruby reports to pqsweep that it is about to destroy what the program has left open. Finalizers run after the program's
# last handler, and before Ruby destroys the objects of libraries in C.
module PqsweepEnd
  LAST = Object.new # not the module: Ruby warns of a finalizer that refers to its own object
  ObjectSpace.define_finalizer(LAST, proc { ENV['PQSWEEP_END'] = '1' })
end
