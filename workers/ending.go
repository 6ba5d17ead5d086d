package workers

import "time"

// finish takes a worker's slots back, lets its requests end, and ends the process. It blocks until there is none. asked
// says that we want it to end.
func (g *generation) finish(w *Worker, asked bool) { g.dismiss(w, g.withdraw(w), asked) }

// withdraw takes a worker's slots back, and returns what is closed when none of them is in use any more. It does not block.
func (g *generation) withdraw(w *Worker) (idle <-chan struct{}) {
	w.become(Draining)
	g.pool.lent.Add(-1)
	return g.pool.host.Withdraw(w)
}

// dismiss lets the requests of a withdrawn worker end, and ends the process. It blocks until there is none.
func (g *generation) dismiss(w *Worker, idle <-chan struct{}, asked bool) {
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
	<-w.exited
	w.logExit(asked)
	g.listen(idle)
	w.close()
}

// lastWords is how long what a dead worker has still sent is read at most. A process that it has started may hold its pipes
// open, so that they do not end by themselves.
const lastWords = time.Second

// listen waits until nobody reads any more what a dead worker has sent: an answer that was whole counts.
func (g *generation) listen(idle <-chan struct{}) {
	timer := time.NewTimer(lastWords)
	defer timer.Stop()
	select {
	case <-idle:
	case <-timer.C:
	case <-g.pool.hurry:
	}
}

// discard ends a worker whose slots were never lent. It blocks until there is no process.
func (w *Worker) discard(asked bool) {
	w.become(Draining)
	w.drain()
	<-w.exited
	w.logExit(asked)
	w.close()
}

func (g *generation) cut(w *Worker) {
	w.log.Warn("worker killed with requests running", "after", g.grace)
	w.kill()
}
