package workers

import "syscall"

// processAttr makes a worker die with us, whatever kills us, and keeps it out of our process group, so that ^C in a
// terminal reaches only us.
func processAttr() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
