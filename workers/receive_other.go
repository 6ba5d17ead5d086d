//go:build !linux

package workers

import (
	"net"
	"os"
	"syscall"
)

// receiver reads a slot's socket with its descriptors, for systems that forebay is developed on.
type receiver struct {
	conn    *net.UnixConn
	control [64]byte
}

func newReceiver(conn *net.UnixConn) (*receiver, error) { return &receiver{conn: conn}, nil }

func (r *receiver) receive(p []byte) (n int, file *os.File, err error) {
	n, controlLen, _, _, err := r.conn.ReadMsgUnix(p, r.control[:])
	if err != nil {
		return 0, nil, err
	}
	if controlLen > 0 {
		if file = fileFrom(r.control[:controlLen]); file != nil {
			syscall.CloseOnExec(int(file.Fd()))
		}
	}
	return n, file, nil
}
