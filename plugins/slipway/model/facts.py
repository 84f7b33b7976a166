"""Facts: what one task tells the next.

Each fact is a small frozen dataclass that survives JSON unchanged, since it travels as an
XCom. A fact never holds a secret, a path on a worker or an object: only names, digests,
identifiers and numbers. Seconds are floats, instants are whole seconds since 1970 (UTC).

Here under one roof; each subject has a file of its own.
"""

from __future__ import annotations

from slipway.model.deployment import Deployment as Deployment
from slipway.model.deployment import MachineImage as MachineImage
from slipway.model.deployment import SchemaVersion as SchemaVersion
from slipway.model.event import Event as Event
from slipway.model.fact import Fact as Fact
from slipway.model.fact import Json as Json
from slipway.model.package import DebPackage as DebPackage
from slipway.model.package import PackageBeside as PackageBeside
from slipway.model.package import PackageVariant as PackageVariant
from slipway.model.package import PublishedPackage as PublishedPackage
from slipway.model.package import in_suite as in_suite
from slipway.model.release import Checkout as Checkout
from slipway.model.release import Release as Release
from slipway.model.report import BuiltFiles as BuiltFiles
from slipway.model.report import StepReport as StepReport
from slipway.model.report import TestCounts as TestCounts
from slipway.model.report import TestFailure as TestFailure
from slipway.model.report import TestReport as TestReport
from slipway.model.report import something_passed as something_passed
