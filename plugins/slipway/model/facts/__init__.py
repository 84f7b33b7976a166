"""Facts: what one task tells the next.

Each fact is a small frozen dataclass that survives JSON unchanged, since it travels as an
XCom. A fact never holds a secret, a path on a worker or an object: only names, digests,
identifiers and numbers. Seconds are floats, instants are whole seconds since 1970 (UTC).

Here under one roof; each subject has a file of its own.
"""

from __future__ import annotations

from slipway.model.event import Event as Event
from slipway.model.fact import Fact as Fact
from slipway.model.fact import Json as Json
from slipway.model.facts.deployment import Deployment as Deployment
from slipway.model.facts.deployment import MachineImage as MachineImage
from slipway.model.facts.deployment import SchemaVersion as SchemaVersion
from slipway.model.facts.package import DebPackage as DebPackage
from slipway.model.facts.package import PackageBeside as PackageBeside
from slipway.model.facts.package import PackageVariant as PackageVariant
from slipway.model.facts.package import PublishedPackage as PublishedPackage
from slipway.model.facts.package import in_suite as in_suite
from slipway.model.facts.release import Checkout as Checkout
from slipway.model.facts.release import Release as Release
from slipway.model.facts.release import is_proposed as is_proposed
from slipway.model.facts.report import BuiltFiles as BuiltFiles
from slipway.model.facts.report import StepReport as StepReport
from slipway.model.facts.report import TestCounts as TestCounts
from slipway.model.facts.report import TestFailure as TestFailure
from slipway.model.facts.report import TestReport as TestReport
from slipway.model.facts.report import something_passed as something_passed
