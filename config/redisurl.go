package config

import (
	"errors"
	"fmt"
	"maps"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// RedisTarget is where a Redis is and how it is entered.
type RedisTarget struct {
	// Addrs are HOST:PORT, or the path of a unix socket: of the server, of several nodes of its cluster, or of the
	// sentinels that know the master.
	Addrs []string
	// Master is the name by which the sentinels know it. Empty means that Addrs are the server's own.
	Master string
	// Cluster says that the server is a cluster.
	Cluster bool
	// DB is the number of the database.
	DB int
	// Username and Password are for the server, the others for the sentinels.
	Username, Password                 string
	SentinelUsername, SentinelPassword string
	// TLS says that the connection is encrypted, and Insecure that nobody's certificate is checked.
	TLS, Insecure bool

	url *url.URL
}

// The ports where nothing is said.
const (
	redisPort    = "6379"
	sentinelPort = "26379"
)

// ParseRedis reads where a Redis is:
//
//	redis://USER:PASSWORD@HOST:PORT/DB     rediss:// with TLS, and then skip_verify=true to check no certificate
//	unix:///PATH?db=DB
//	redis://HOST:26379?master=NAME         HOST is a sentinel's; sentinel_username=, sentinel_password= are for it
//	redis://HOST:6379?cluster=true
//
// More nodes of a cluster and more sentinels are added with addr=HOST:PORT. Passwords are not in the errors.
func ParseRedis(text string) (RedisTarget, error) {
	u, err := url.Parse(text)
	if err != nil {
		return RedisTarget{}, errors.New( // the cause would name it, with its password
			"want a URL such as redis://127.0.0.1:6379/0: what stands there is none")
	}
	query := u.Query()
	t := RedisTarget{
		Master: query.Get("master"), SentinelUsername: query.Get("sentinel_username"),
		SentinelPassword: query.Get("sentinel_password"), Username: u.User.Username(), url: u,
	}
	t.Password, _ = u.User.Password()
	if err := t.readPlace(u, query); err != nil {
		return t, err
	}
	for _, name := range slices.Sorted(maps.Keys(query)) {
		if !slices.Contains(redisParameters, name) {
			return t, fmt.Errorf("unknown parameter %q in the URL: there are %s", name, strings.Join(redisParameters, ", "))
		}
	}
	return t, t.readSwitches(query)
}

var redisParameters = []string{
	"addr", "cluster", "db", "master", "sentinel_password", "sentinel_username", "skip_verify",
}

// readPlace reads the addresses and the database.
func (t *RedisTarget) readPlace(u *url.URL, query url.Values) error {
	db := query.Get("db")
	switch u.Scheme {
	case "unix":
		if !strings.HasPrefix(u.Path, "/") || u.Host != "" {
			return errors.New("want the path of a socket, such as unix:///run/redis.sock")
		}
		t.Addrs = []string{u.Path}
	case "redis", "rediss":
		t.TLS = u.Scheme == "rediss"
		host, port := u.Hostname(), u.Port()
		if host == "" {
			return fmt.Errorf("want a host, such as %s://127.0.0.1:%s", u.Scheme, redisPort)
		}
		switch {
		case port != "":
		case t.Master != "":
			port = sentinelPort
		default:
			port = redisPort
		}
		t.Addrs = []string{net.JoinHostPort(host, port)}
		if path := strings.Trim(u.Path, "/"); path != "" {
			db = path
		}
	default:
		return fmt.Errorf("want redis://, rediss:// or unix://, not %q", u.Scheme)
	}
	for _, addr := range query["addr"] {
		if _, _, err := net.SplitHostPort(addr); err != nil {
			return fmt.Errorf("want addr=HOST:PORT, not %q", addr)
		}
		t.Addrs = append(t.Addrs, addr)
	}
	if db == "" {
		return nil
	}
	var err error
	if t.DB, err = strconv.Atoi(db); err != nil || t.DB < 0 {
		return fmt.Errorf("want the number of a database, not %q", db)
	}
	return nil
}

func (t *RedisTarget) readSwitches(query url.Values) error {
	for name, to := range map[string]*bool{"cluster": &t.Cluster, "skip_verify": &t.Insecure} {
		if text := query.Get(name); text != "" {
			value, err := parseSwitch(text, "")
			if err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			*to = value.(bool)
		}
	}
	switch {
	case t.Cluster && t.Master != "":
		return errors.New("want cluster or master, not both")
	case t.Cluster && t.DB != 0:
		return errors.New("a cluster has database 0 only")
	case len(t.Addrs) > 1 && !t.Cluster && t.Master == "":
		return errors.New("want cluster=true or master=NAME for several addresses")
	case t.url.Scheme == "unix" && (t.Cluster || t.Master != ""):
		return errors.New("want a host for cluster or master")
	}
	return nil
}

// String is the URL without its passwords.
func (t RedisTarget) String() string {
	if t.url == nil {
		return ""
	}
	shown := *t.url
	if t.SentinelPassword != "" {
		query := shown.Query()
		query.Set("sentinel_password", "xxxxx")
		shown.RawQuery = query.Encode()
	}
	return shown.Redacted()
}
