/** What the kernel's error numbers mean for an agent's author. */
import { DeviceError } from "../device_error.ts";

const EPERM = 1;
const ENOENT = 2;
const EIO = 5;
const ENXIO = 6;
const EACCES = 13;
const EBUSY = 16;
const ENODEV = 19;
const EINVAL = 22;
const ENOTTY = 25;
const ELOOP = 40;
const ENOTSUPP = 95;
const ETIMEDOUT = 110;
const EREMOTEIO = 121;

/**
 * @param result 0 or more, or a negative error number
 * @param what such as "read the line"
 * @param group of users that may usually open such device nodes
 * @throws DeviceError for a negative one
 */
export function checked(result: number, what: string, group: string): number {
  if (result >= 0) return result;
  switch (-result) {
    case ENOENT:
    case ENODEV:
      throw new DeviceError("not_found", `cannot ${what}: it is not there`);
    case EPERM:
    case EACCES:
      throw new DeviceError(
        "failed",
        `cannot ${what}: the node's user may not (is it in the group ${group}?)`,
      );
    case EBUSY:
      throw new DeviceError("busy", `cannot ${what}: another program or a driver of the kernel has it`);
    case ENXIO:
    case EREMOTEIO:
      throw new DeviceError("failed", `cannot ${what}: nothing answers (error ${-result} of the kernel)`);
    case EIO:
      throw new DeviceError("failed", `cannot ${what}: an input/output error (is it wired, and powered?)`);
    case ETIMEDOUT:
      throw new DeviceError("timeout", `cannot ${what}: no answer in time`);
    case ENOTSUPP:
      throw new DeviceError("failed", `cannot ${what}: its driver cannot do that`);
    case EINVAL:
      throw new DeviceError("failed", `cannot ${what}: its driver does not take these values`);
    case ENOTTY:
      throw new DeviceError(
        "failed",
        `cannot ${what}: it is no device of this kind (error 25 of the kernel)`,
      );
    case ELOOP:
      throw new DeviceError("failed", `cannot ${what}: a link has taken its place`);
    default:
      throw new DeviceError("failed", `cannot ${what}: error ${-result} of the kernel`);
  }
}
