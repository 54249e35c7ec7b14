import type { RequestListener, Server } from 'node:http';
import { createServer } from 'node:https';

/** Made for this file and worth nothing: nobody trusts it, which is what it is for. */
const KEY = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg+v9mS+D9n7nqRyLQ
Ri8Fl+Ul6sa/tlJQLbh26/o+BBGhRANCAAQbx4PBuMNKPc8Bk9gFW9TwylFv/wR7
IOt0nCDmLUxNCjo/SsJEAwI/xaMACHNNE7Nd8gqcOp1VGS5DlaLVzkWi
-----END PRIVATE KEY-----
`;
const CERTIFICATE = `-----BEGIN CERTIFICATE-----
MIIBkDCCATagAwIBAgIUOvtklcZMstfDjGZhEhjf5Pc8AkgwCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJMTI3LjAuMC4xMCAXDTI2MTEyNzE2MTcwNFoYDzIxMjYxMTAz
MTYxNzA0WjAUMRIwEAYDVQQDDAkxMjcuMC4wLjEwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAAQbx4PBuMNKPc8Bk9gFW9TwylFv/wR7IOt0nCDmLUxNCjo/SsJEAwI/
xaMACHNNE7Nd8gqcOp1VGS5DlaLVzkWio2QwYjAdBgNVHQ4EFgQUvcmyFq4Sh3F6
f0QQ0kJkShzexwQwHwYDVR0jBBgwFoAUvcmyFq4Sh3F6f0QQ0kJkShzexwQwDwYD
VR0TAQH/BAUwAwEB/zAPBgNVHREECDAGhwR/AAABMAoGCCqGSM49BAMCA0gAMEUC
IQDYTofkDxd8nxVV2pXcJ2hTEDCP3/Vx9AX2TWTgmMCxNwIgIJdbAuri/CiysUV1
6aSkbUnHxQ/pHhyjz03uhQtbLiE=
-----END CERTIFICATE-----
`;

/** A server for 127.0.0.1 whose certificate nobody has signed but itself. */
export function selfSignedServer(listener: RequestListener): Server {
	return createServer({ key: KEY, cert: CERTIFICATE }, listener);
}
