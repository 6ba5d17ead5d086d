package config

import (
	"reflect"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestRedisURLs(t *testing.T) {
	cases := map[string]struct {
		url, shown string
		want       RedisTarget
	}{
		"a host":     {"redis://cache", "redis://cache", RedisTarget{Addrs: []string{"cache:6379"}}},
		"a port":     {"redis://127.0.0.1:7/3", "redis://127.0.0.1:7/3", RedisTarget{Addrs: []string{"127.0.0.1:7"}, DB: 3}},
		"IPv6":       {"redis://[::1]/", "redis://[::1]/", RedisTarget{Addrs: []string{"[::1]:6379"}}},
		"a password": {"redis://:s3cret@cache", "redis://:xxxxx@cache", RedisTarget{Addrs: []string{"cache:6379"}, Password: "s3cret"}},
		"a user":     {"redis://me:s3%40@cache", "redis://me:xxxxx@cache", RedisTarget{Addrs: []string{"cache:6379"}, Username: "me", Password: "s3@"}},
		"TLS":        {"rediss://cache", "rediss://cache", RedisTarget{Addrs: []string{"cache:6379"}, TLS: true}},
		"no certificate": {
			"rediss://cache?skip_verify=true", "rediss://cache?skip_verify=true",
			RedisTarget{Addrs: []string{"cache:6379"}, TLS: true, Insecure: true},
		},
		"a socket": {"unix:///run/redis.sock?db=2", "unix:///run/redis.sock?db=2", RedisTarget{Addrs: []string{"/run/redis.sock"}, DB: 2}},
		"sentinels": {
			"redis://a:26379?master=m&addr=b:26379&sentinel_password=x", "redis://a:26379?addr=b%3A26379&master=m&sentinel_password=xxxxx",
			RedisTarget{Addrs: []string{"a:26379", "b:26379"}, Master: "m", SentinelPassword: "x"},
		},
		"a sentinel without a port": {
			"redis://a?master=m", "redis://a?master=m", RedisTarget{Addrs: []string{"a:26379"}, Master: "m"},
		},
		"a cluster": {
			"redis://a?cluster=true&addr=b:1", "redis://a?cluster=true&addr=b:1",
			RedisTarget{Addrs: []string{"a:6379", "b:1"}, Cluster: true},
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			got, err := ParseRedis(c.url)
			require.NoError(t, err)
			assert.Equal(t, c.shown, got.String())
			got.url = nil
			assert.Equal(t, c.want, got)
		})
	}
}

func TestRedisURLsWithFaults(t *testing.T) {
	cases := map[string]string{
		"cache:6379":                      `want redis://, rediss:// or unix://, not "cache"`,
		"http://cache":                    `want redis://, rediss:// or unix://, not "http"`,
		"redis://":                        "want a host",
		"redis://a/x":                     `want the number of a database, not "x"`,
		"redis://a?db=-1":                 `want the number of a database, not "-1"`,
		"unix://run/redis.sock":           "want the path of a socket",
		"unix:///a?cluster=true":          "want a host for cluster or master",
		"redis://a?addr=b":                `want addr=HOST:PORT, not "b"`,
		"redis://a?addr=b:1":              "want cluster=true or master=NAME",
		"redis://a?cluster=yes":           `cluster: want true or false, not "yes"`,
		"redis://a?cluster=true&master=x": "want cluster or master, not both",
		"redis://a/1?cluster=true":        "a cluster has database 0 only",
		"redis://a?pool_size=3":           `unknown parameter "pool_size" in the URL: there are addr, cluster`,
		"redis://:s3cret@a:b":             "want a URL such as redis://127.0.0.1:6379/0",
	}
	for url, want := range cases {
		t.Run(url, func(t *testing.T) {
			_, err := ParseRedis(url)
			require.ErrorContains(t, err, want)
			assert.NotContains(t, err.Error(), "s3cret")
		})
	}
	assert.Empty(t, formatRedis(reflect.ValueOf("redis://:s3cret@a:b")))
}
