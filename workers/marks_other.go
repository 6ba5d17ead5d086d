//go:build !linux

package workers

import (
	"errors"
	"os"
)

// canShareAreas says that workers may have areas: here they would lie on a disk.
const canShareAreas = false

// sharedFile returns an unlinked temporary file of so many zeros, whose memory processes may share.
func sharedFile(size int) (*os.File, error) {
	file, err := os.CreateTemp("", "forebay-marks-")
	if err != nil {
		return nil, err
	}
	if err := errors.Join(os.Remove(file.Name()), file.Truncate(int64(size))); err != nil {
		_ = file.Close() // it is empty
		return nil, err
	}
	return file, nil
}
