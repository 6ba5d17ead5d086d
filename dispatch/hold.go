package dispatch

// Hold has requests that come from now on wait, in the queue and within its bounds, for a worker that is offered from now
// on: what the present ones run is out of date. What they have begun they finish. It does not block.
func (d *Dispatcher) Hold() {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, l := range d.lanes {
		l.held = true
	}
}

// Resume ends what Hold began, where it turned out that there are no better workers.
func (d *Dispatcher) Resume() {
	d.mu.Lock()
	for _, l := range d.lanes {
		l.held = false
	}
	d.mu.Unlock()
	d.rouse()
}
