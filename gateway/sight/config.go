package sight

import (
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
)

// Config is the listener as the user writes it. The zero value is valid and means that there is none.
type Config struct {
	// Listen is a loopback address with a port, "127.0.0.1:9100" or "localhost:9100"; port 0 lets the system choose.
	// Empty turns sight off.
	Listen string `mapstructure:"listen"`
}

// Validate returns nil, or an error that names the key.
func (c Config) Validate() error {
	if c.Listen == "" {
		return nil
	}
	if err := checkAddress(c.Listen); err != nil {
		return fmt.Errorf("sight.listen: %w", err)
	}
	return nil
}

func checkAddress(address string) error {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return fmt.Errorf("%q is not HOST:PORT", address)
	}
	if !isLoopback(host) {
		return notLoopback(address)
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		return fmt.Errorf("%q is not a port", port)
	}
	return nil
}

func notLoopback(address string) error {
	return fmt.Errorf("%q is not loopback: there is no password, use 127.0.0.1 or localhost", address)
}

// isLoopback reports whether host, without a port, is a loopback address or localhost.
func isLoopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.Unmap().IsLoopback()
}
