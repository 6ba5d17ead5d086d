package workers

// GiveWay says whether the slot's thread, when it wakes up and no processor is free, waits for one. Otherwise it may take the
// one of whoever woke it, which is us: the answers to other requests wait then, and two switches are paid for. Where
// requests take microseconds that is a tenth of all they cost; for longer ones it does not matter, and whoever else is on the
// machine would keep the thread from a processor for longer. It is SCHED_BATCH of sched(7), which needs no privilege and
// which what the application starts meanwhile inherits. A thread that runs by another policy than the usual one keeps it.
// It costs nothing where nothing changes.
func (s *Slot) GiveWay(gives bool) {
	if s.thread == 0 || s.givesWay == gives {
		return
	}
	s.givesWay = gives
	before, then := policyUsual, policyBatch
	if !gives {
		before, then = then, before
	}
	if !changePolicy(s.thread, before, then) {
		s.thread = 0
	}
}
