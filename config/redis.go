package config

import (
	"reflect"
	"time"
)

// Redis is about the server through which processes share their limits.
type Redis struct {
	// URL is where it is, with its password: see ParseRedis. Empty means that nothing is shared.
	URL string `key:"redis"`
	// Prefix begins the names of all our keys.
	Prefix string `key:"redis_prefix"`
	// Timeout is how long a request waits for its answer. After it this process decides by itself.
	Timeout time.Duration `key:"redis_timeout"`
	// Retry is the longest pause between two attempts to reach it when it has failed.
	Retry time.Duration `key:"redis_retry"`
	// Connections is how many connections it is asked on.
	Connections int `key:"redis_connections"`
	// Batch is how many requests are decided about in one step.
	Batch int `key:"redis_batch"`
	// Queue is how many requests may wait for a step. This process decides about further ones by itself.
	Queue int `key:"redis_queue"`
	// Nodes is how many processes share the limits, and so what the share of each is when Redis does not answer. 0 means
	// that they are counted in Redis, and what was counted last is in force.
	Nodes int `key:"redis_nodes"`
}

func (r Redis) check(faults *Faults) {
	if r.URL == "" {
		return
	}
	if _, err := ParseRedis(r.URL); err != nil {
		faults.add("redis", Origin{}, "%v", err)
	}
}

// formatRedis hides the passwords: configurations are shown to others.
func formatRedis(value reflect.Value) string {
	target, _ := ParseRedis(value.String()) // one with a fault is not shown
	return target.String()
}
