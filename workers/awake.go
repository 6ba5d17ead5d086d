package workers

import "time"

// Awake returns for how long in all the slot's thread has run, and for how long it has waited for a processor to run on. The
// rest of the time it sleeps, as it does while it waits for a database, or for the GIL. It costs one system call. It reports
// false where the system does not tell. What the thread runs at that very moment may be missing.
func (s *Slot) Awake() (ran, delayed time.Duration, known bool) {
	if s.meter == nil {
		return 0, 0, false
	}
	return readMeter(s.meter)
}

// knowThreads takes in what the kernel calls the slots' threads, as far as the worker has said it.
func (w *Worker) knowThreads() {
	for i, thread := range w.ready.Threads[:min(len(w.slots), len(w.ready.Threads))] {
		w.slots[i].thread, w.slots[i].meter = thread, openMeter(w.PID(), thread)
	}
}
