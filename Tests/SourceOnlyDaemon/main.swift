import Glibc

exit(await ControlBuild.run())
