//go:build !linux

package static

import "os"

// addSystem does nothing: elsewhere the time and the size must do.
func (s *stamp) addSystem(any) {}

func descriptorStamp(file *os.File) (stamp, error) {
	info, err := file.Stat()
	if err != nil {
		return stamp{}, err
	}
	return stampOf(info), nil
}
