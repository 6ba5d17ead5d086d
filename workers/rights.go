package workers

import (
	"errors"
	"net"
	"os"
	"syscall"
)

// rightsOf returns the control message that passes the files' descriptors, which are made blocking, as Python expects it.
func rightsOf(files ...*os.File) []byte {
	fds := make([]int, len(files))
	for i, f := range files {
		fds[i] = int(f.Fd())
	}
	return syscall.UnixRights(fds...)
}

// receiveFile reads one byte and the descriptor that comes with it.
func receiveFile(conn *net.UnixConn) (*os.File, error) {
	var b [1]byte
	control := make([]byte, syscall.CmsgSpace(4))
	_, n, _, _, err := conn.ReadMsgUnix(b[:], control)
	if err != nil {
		return nil, err
	}
	file := fileFrom(control[:n])
	if file == nil {
		return nil, errors.New("no descriptor came")
	}
	return file, nil
}

// fileFrom returns the file of the first descriptor in a control message, or nil, and closes any others.
func fileFrom(control []byte) *os.File {
	messages, err := syscall.ParseSocketControlMessage(control)
	if err != nil {
		return nil
	}
	var file *os.File
	for i := range messages {
		fds, err := syscall.ParseUnixRights(&messages[i])
		if err != nil {
			continue
		}
		for _, fd := range fds {
			if file == nil {
				syscall.CloseOnExec(fd)
				file = os.NewFile(uintptr(fd), "response body")
			} else {
				_ = syscall.Close(fd) // one was promised
			}
		}
	}
	return file
}

// socketpair returns the two ends of a stream socket: ours for Go's poller, and theirs as a file to be inherited.
func socketpair(name string) (ours *net.UnixConn, theirs *os.File, err error) {
	syscall.ForkLock.RLock()
	fds, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
	if err == nil {
		syscall.CloseOnExec(fds[0])
		syscall.CloseOnExec(fds[1])
	}
	syscall.ForkLock.RUnlock()
	if err != nil {
		return nil, nil, os.NewSyscallError("socketpair", err)
	}
	theirs = os.NewFile(uintptr(fds[1]), name)
	file := os.NewFile(uintptr(fds[0]), name)
	conn, err := net.FileConn(file) // duplicates the descriptor and makes it non-blocking
	_ = file.Close()                // the duplicate is what we use
	if err != nil {
		_ = theirs.Close()
		return nil, nil, err
	}
	return conn.(*net.UnixConn), theirs, nil
}
