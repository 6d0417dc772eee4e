"""The routes."""

from rest_framework.routers import DefaultRouter

from tests.benchmarks.kv.textbook.views import RecordViewSet

router = DefaultRouter()
router.register("records", RecordViewSet)
urlpatterns = router.urls
