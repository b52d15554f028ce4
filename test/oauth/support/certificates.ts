/** Certificates of nobody, P-384; their keys are not kept: the tests stand behind the proxy at which TLS ends. */
import { X509Certificate } from 'node:crypto';
import type { JWK } from 'jose';

/** DER, base64. */
export const CERTIFICATES = {
  /** Until 2126. */
  hospital:
    'MIIBuzCCAUCgAwIBAgIUUWt9j8lUSQ6YOdOBUH66AHROFH4wCgYIKoZIzj0EAwIwEzERMA8GA1UEAwwIaG9zcGl0YW' +
    'wwIBcNMjYxMTI5MDYyNDMzWhgPMjEyNjExMDUwNjI0MzNaMBMxETAPBgNVBAMMCGhvc3BpdGFsMHYwEAYHKoZIzj0C' +
    'AQYFK4EEACIDYgAEkKVi473PxYw4gF7bJLCkV9XQTSdjetPPEfiJ59aKLLngfffO/HBgaQXIt8ou1kptsuJU69m7P1' +
    'Ij2IIUoOEk2SPqc6okFQfTzveMMonud1bqeGijuXuXscAakfd3NP+0o1MwUTAdBgNVHQ4EFgQUWnNu7Mr78rbPZvj/' +
    'UQKjFuOjMNIwHwYDVR0jBBgwFoAUWnNu7Mr78rbPZvj/UQKjFuOjMNIwDwYDVR0TAQH/BAUwAwEB/zAKBggqhkjOPQ' +
    'QDAgNpADBmAjEA5DnkFNUeTjKTr6/9dp4IPlDFCYZDd9r+ZLyYuYv62qdA/iqrC58yhhQJQz1t/XiEAjEA5XX6Vf8a' +
    'qVBpl48uL3soMRDQFvL9zKbqjlFpspzTYgkYnPxRe0NcsNkYQnIeitU+',
  stranger:
    'MIIBujCCAUCgAwIBAgIUX9EiS2ZwbmHQw9CBPynqB7Q4gnkwCgYIKoZIzj0EAwIwEzERMA8GA1UEAwwIc3RyYW5nZX' +
    'IwIBcNMjYxMTI5MDYyNDMzWhgPMjEyNjExMDUwNjI0MzNaMBMxETAPBgNVBAMMCHN0cmFuZ2VyMHYwEAYHKoZIzj0C' +
    'AQYFK4EEACIDYgAE91P/3LZmvWiVP0y02ZiSL/qzJzdfCw3XfILV5AbESLeR83EUExQfchKLbwpNdxmLk6QH4uW1Yy' +
    'orT2hi6gRfk5Es3mjtkkubJAvVHUvSTlChqMaS2lTsfMLxl8qK6Ug+o1MwUTAdBgNVHQ4EFgQUmEUYm76Q0hLm/xyJ' +
    '21KfmDY2Rs8wHwYDVR0jBBgwFoAUmEUYm76Q0hLm/xyJ21KfmDY2Rs8wDwYDVR0TAQH/BAUwAwEB/zAKBggqhkjOPQ' +
    'QDAgNoADBlAjEAnM93Z8jLZxKoQIO3Bk3knYFesX+RDOb4uuMQzQOeuialH8xg0gOY9TGZ8z6pIAdyAjAMXt7aRhUv' +
    '70ymt5dWjnnQTgLgmbJoXkzYBn2XFmax+4KntIvtVDd0Ldp3RHDB6Rk=',
  /** Since 2021. */
  expired:
    'MIIBSDCBzwIBATAKBggqhkjOPQQDAjASMRAwDgYDVQQDDAdleHBpcmVkMB4XDTIwMDEwMTAwMDAwMFoXDTIxMDEwMT' +
    'AwMDAwMFowEjEQMA4GA1UEAwwHZXhwaXJlZDB2MBAGByqGSM49AgEGBSuBBAAiA2IABMHG8uNg0Mu4c9n9RKrAW9cq' +
    'oA/GCfgKsV1AHlvOf/Klga3CvrOJ0l7ZaX0QH74B20nK8+atkqhFFYjmdrTSNEX3s8EaTzYMwG9FSJVG+J/miy2Lob' +
    'q695zIV7K0cAyJBTAKBggqhkjOPQQDAgNoADBlAjB6++MRGK/zN9cPvkac6WNJkqpeCRUVfnCQi4347uDccsg0/nQ7' +
    '39GBWDF77rEJMnkCMQCJCHXsPp/zbvaGsqheQblmxNn/ksIqH3nUN9vvplVtnbGf5T07LO8tvXrnNnNYb5k=',
} as const;

export type Named = keyof typeof CERTIFICATES;

/** As https://datatracker.ietf.org/doc/html/rfc9440 passes it. */
export const passed = (name: Named): string => `:${CERTIFICATES[name]}:`;

/** As nginx passes it: `$ssl_client_escaped_cert`. */
export const escaped = (name: Named): string => encodeURIComponent(new X509Certificate(der(name)).toString());

/** As it is registered. */
export function certified(name: Named): JWK {
  const jwk = new X509Certificate(der(name)).publicKey.export({ format: 'jwk' });
  return { ...jwk, x5c: [CERTIFICATES[name]], use: 'sig' } as JWK;
}

function der(name: Named): Buffer {
  return Buffer.from(CERTIFICATES[name], 'base64');
}
