import gc

import pytest
from django.test import RequestFactory
from django.test.utils import override_settings

from powerplant.live import places
from powerplant.live.refusals import Unavailable


@override_settings(POWERPLANT_MAX_WATCHERS=1)
def test_counts_its_own_places_where_the_project_does_not() -> None:
    request = RequestFactory().get("/")
    place = places.own(request)
    assert not place.over()
    place.cut()
    with pytest.raises(Unavailable) as refused:
        places.own(request)
    assert str(refused.value) == "all 1 places for watchers are taken"
    assert (refused.value.status_code, refused.value.headers) == (503, {"Retry-After": "5"})
    place.close()
    place.close()
    again = places.own(request)
    with pytest.raises(Unavailable):
        places.own(request)
    del again
    gc.collect()
    places.own(request).close()
