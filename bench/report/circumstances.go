package report

import (
	"time"

	"forebay/bench/machine"
	"forebay/bench/peer"
)

// Circumstances are where and with what figures were got.
type Circumstances struct {
	Date     time.Time         `json:"date"`
	Machine  machine.Machine   `json:"machine"`
	Versions map[string]string `json:"versions"`
	Workers  int               `json:"workers"`
	Threads  int               `json:"threads"`
}

// Now are the circumstances of a run that begins.
func Now(kit peer.Kit) (Circumstances, error) {
	here, err := machine.Read()
	return Circumstances{
		Date:     time.Now().UTC().Truncate(time.Second),
		Machine:  here,
		Versions: kit.Versions,
		Workers:  kit.Workers,
		Threads:  kit.Threads,
	}, err
}
