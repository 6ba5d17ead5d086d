package workers

import "time"

// finish takes a worker's slots back, lets its requests end, and ends the process. It blocks until there is none. asked
// says that we want it to end.
func (g *generation) finish(w *Worker, asked bool) {
	w.become(Draining)
	g.pool.lent.Add(-1)
	idle := g.pool.host.Withdraw(w)
	timer := time.NewTimer(g.grace)
	defer timer.Stop()
	select {
	case <-w.exited:
	case <-idle:
		w.drain()
	case <-timer.C:
		g.cut(w)
	case <-g.pool.hurry:
		select {
		case <-idle:
			w.drain()
		default:
			g.cut(w)
		}
	}
	w.bury(asked)
}

// discard ends a worker whose slots were never lent. It blocks until there is no process.
func (w *Worker) discard(asked bool) {
	w.become(Draining)
	w.drain()
	w.bury(asked)
}

func (g *generation) cut(w *Worker) {
	w.log.Warn("worker killed with requests running", "after", g.grace)
	w.kill()
}

// bury waits for the end of the process, logs it and releases what led to it.
func (w *Worker) bury(asked bool) {
	<-w.exited
	w.logExit(asked)
	w.close()
}
