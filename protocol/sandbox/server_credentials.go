package sandbox

import (
	"crypto/ecdh"
	"crypto/sha512"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"github.com/goccy/go-json"

	"echogate/protocol"
	"echogate/protocol/sandbox/sso"
)

// Credentials are what a client needs to log in to the sandbox without a password. They are worthless elsewhere.
type Credentials struct {
	Token   []byte // go-cqhttp's session.token
	Device  []byte // go-cqhttp's device.json: the phone that the client plays
	Address string // IP:PORT of the server
}

// Names of the files of credentials, as go-cqhttp has them.
const (
	tokenFile   = "session.token"
	deviceFile  = "device.json"
	addressFile = "address.txt"
)

// Credentials mints the credentials of an account. They depend on nothing but its number, so that they stay good when
// the server starts anew, except for the address, which needs Listen before.
func (s *Server) Credentials(u protocol.UserID) (Credentials, error) {
	token, ok := s.token(u)
	if !ok {
		return Credentials{}, fmt.Errorf("mint credentials: %w", &protocol.NotFoundError{Kind: protocol.KindUser, ID: int64(u)})
	}
	device, err := deviceOf(u)
	if err != nil {
		return Credentials{}, fmt.Errorf("mint credentials: %w", err)
	}
	addr := s.Addr()
	if !addr.IsValid() {
		return Credentials{}, fmt.Errorf("mint credentials of %d: the server does not listen yet", u)
	}
	return Credentials{Token: token.Marshal(), Device: device, Address: addr.String()}, nil
}

// WriteCredentials writes the credentials of an account into dir, which is made when it is missing: session.token,
// device.json, and address.txt with the server's IP:PORT on one line. Files that were there are replaced.
func (s *Server) WriteCredentials(dir string, u protocol.UserID) error {
	c, err := s.Credentials(u)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("write credentials: %w", err)
	}
	for _, file := range []struct {
		name    string
		content []byte
	}{{tokenFile, c.Token}, {deviceFile, c.Device}, {addressFile, []byte(c.Address + "\n")}} {
		if err := replaceFile(filepath.Join(dir, file.name), file.content); err != nil {
			return fmt.Errorf("write credentials: %w", err)
		}
	}
	return nil
}

// replaceFile leaves either the old or the whole new file, readable by its owner only.
func replaceFile(path string, content []byte) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*") // created with 0600
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(f.Name())
		}
	}()
	_, err = f.Write(content)
	if err == nil {
		err = f.Sync() // a crash of the machine may otherwise keep the new name and lose the content
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

// token is the one token that an account of the world ever has; false when there is no such account.
func (s *Server) token(u protocol.UserID) (sso.Token, bool) {
	if _, ok := s.world.Account(u); !ok {
		return sso.Token{}, false
	}
	return sso.Token{
		Uin:         uint64(u),
		D2:          derive("D2", u, 64),
		D2Key:       d2Key(u),
		TGT:         derive("TGT", u, 64),
		SRMToken:    derive("SRM token", u, 56),
		T133:        derive("T133", u, 48),
		EncryptedA1: derive("A1", u, 40), // longer than 67 bytes it would be taken for the password's (MiraiGo client/tlv_decoders.go)
		STKey:       sso.Key(derive("ST key", u, 16)),
		SessionID:   []byte{0x02, 0xB0, 0x5B, 0x8B}, // MiraiGo client/client.go
		TGTGTKey:    sso.Key(derive("TGTGT key", u, 16)),
	}, true
}

func d2Key(u protocol.UserID) sso.Key { return sso.Key(derive("D2 key", u, 16)) }

// derive makes n <= 64 bytes out of what they are for and whose they are. There is nothing to keep secret: whoever can
// reach the sandbox may play anybody.
func derive(purpose string, u protocol.UserID, n int) []byte {
	sum := sha512.Sum512([]byte("echogate sandbox\x00" + purpose + "\x00" + strconv.FormatInt(int64(u), 10)))
	return sum[:n]
}

// loginKey is the server's key for the login commands, which clients learn from keyrotate.qq.com.
func loginKey() *ecdh.PrivateKey {
	key, err := ecdh.P256().NewPrivateKey(derive("login", 0, 32))
	if err != nil {
		// Only numbers beyond the order of the curve are refused; this constant is not one of them.
		panic(fmt.Sprintf("derive login key: %v", err))
	}
	return key
}

// androidWatch is the client that the device plays: of those that log in by token it is one that MiraiGo asks no device
// number for at snowflake.qq.com (MiraiGo client/internal/auth/qimei.go).
const androidWatch = 2

// device is device.json in go-cqhttp's format (MiraiGo client/internal/auth/device.go).
type device struct {
	Display      string         `json:"display"`
	Product      string         `json:"product"`
	Device       string         `json:"device"`
	Board        string         `json:"board"`
	Model        string         `json:"model"`
	FingerPrint  string         `json:"finger_print"`
	BootID       string         `json:"boot_id"`
	ProcVersion  string         `json:"proc_version"`
	Protocol     int            `json:"protocol"`
	IMEI         string         `json:"imei"`
	Brand        string         `json:"brand"`
	Bootloader   string         `json:"bootloader"`
	BaseBand     string         `json:"base_band"`
	Version      androidVersion `json:"version"`
	SimInfo      string         `json:"sim_info"`
	OSType       string         `json:"os_type"`
	MACAddress   string         `json:"mac_address"`
	IPAddress    [4]int32       `json:"ip_address"`
	WifiBSSID    string         `json:"wifi_bssid"`
	WifiSSID     string         `json:"wifi_ssid"`
	IMSIMD5      string         `json:"imsi_md5"`
	AndroidID    string         `json:"android_id"`
	APN          string         `json:"apn"`
	VendorName   string         `json:"vendor_name"`
	VendorOSName string         `json:"vendor_os_name"`
}

type androidVersion struct {
	Incremental string `json:"incremental"`
	Release     string `json:"release"`
	Codename    string `json:"codename"`
	SDK         uint32 `json:"sdk"`
}

func deviceOf(u protocol.UserID) ([]byte, error) {
	id := derive("device", u, 32)
	mac := fmt.Sprintf("02:%02X:%02X:%02X:%02X:%02X", id[0], id[1], id[2], id[3], id[4])
	serial := hex.EncodeToString(id[5:9])
	b, err := json.MarshalIndent(device{
		Display: "SANDBOX." + serial + ".001", Product: "sandbox", Device: "sandbox", Board: "sandbox", Model: "sandbox",
		FingerPrint: "echogate/sandbox/sandbox:10/SANDBOX.001/" + serial + ":user/release-keys",
		BootID:      fmt.Sprintf("%x-%x-%x-%x-%x", id[9:13], id[13:15], id[15:17], id[17:19], id[19:25]),
		ProcVersion: "Linux version 3.0.31-" + serial, Protocol: androidWatch,
		IMEI: fmt.Sprintf("86%013d", int64(u)%1e13), Brand: "echogate", Bootloader: "unknown",
		Version: androidVersion{Incremental: "5891938", Release: "10", Codename: "REL", SDK: 29},
		SimInfo: "T-Mobile", OSType: "android", MACAddress: mac, IPAddress: [4]int32{10, 0, 1, 3}, WifiBSSID: mac,
		WifiSSID: "<unknown ssid>", IMSIMD5: hex.EncodeToString(id[:16]), AndroidID: hex.EncodeToString(id[16:24]),
		APN: "wifi", VendorName: "echogate", VendorOSName: "sandbox",
	}, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("write device: %w", err)
	}
	return b, nil
}
