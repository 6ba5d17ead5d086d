//go:build !linux

package workers

import "syscall"

// processAttr keeps a worker out of our process group, so that ^C in a terminal reaches only us. Without a parent-death
// signal it is the end of the control stream alone that ends a worker whose master is gone.
func processAttr() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true}
}
